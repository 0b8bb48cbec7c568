package despoof

import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.security.MessageDigest

/**
 * The metadata and the checksum inside a .tflite file, see README.md for the layout.
 *
 * Everything that is not as expected is an IllegalArgumentException.
 */
class TfliteMetadata(content: ByteArray) {
    /** The metadata as JSON. */
    val json: String

    private val bytes = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN)

    init {
        try {
            require(content.size > 8 && String(content, 4, 4, Charsets.US_ASCII) == "TFL3") {
                "expected a .tflite file"
            }
            val entries = readEntries()
            val text = requireNotNull(entries["despoof_keras"]) {
                "the file carries no metadata of despoof_keras"
            }
            val seal = requireNotNull(entries["despoof_keras_sha256"]) {
                "the file carries no checksum"
            }
            checkSeal(content, seal)
            json = String(content, text.first, text.count(), Charsets.UTF_8)
        } catch (error: IndexOutOfBoundsException) {
            throw IllegalArgumentException("the file is cut short or damaged", error)
        }
    }

    /** Name of each metadata entry to the places of its bytes. */
    private fun readEntries(): Map<String, IntRange> {
        val model = bytes.getInt(0)
        val buffers = tables(model, 4)
        return tables(model, 6).associate { entry ->
            val name = vector(entry, 0)
            val index = field(entry, 1)?.let { bytes.getInt(it) } ?: 0
            val text = ByteArray(name.count()) { bytes.get(name.first + it) }
            String(text, Charsets.UTF_8) to vector(buffers[index], 0)
        }
    }

    /** The place of a table's field, or null where it is left out. */
    private fun field(table: Int, number: Int): Int? {
        val vtable = table - bytes.getInt(table)
        val entry = 4 + 2 * number
        if (entry + 2 > unsignedShort(vtable)) return null
        val distance = unsignedShort(vtable + entry)
        return if (distance == 0) null else table + distance
    }

    /** The places of a vector's bytes; a text is one too. */
    private fun vector(table: Int, number: Int): IntRange {
        val place = field(table, number) ?: return IntRange.EMPTY
        val start = place + bytes.getInt(place)
        val length = bytes.getInt(start)
        if (length < 0 || length > bytes.capacity() - start - 4) throw IndexOutOfBoundsException()
        return start + 4 until start + 4 + length
    }

    /** The places of a vector's tables. */
    private fun tables(table: Int, number: Int): List<Int> {
        val place = field(table, number) ?: return emptyList()
        val start = place + bytes.getInt(place)
        val length = bytes.getInt(start)
        if (length < 0 || length > bytes.capacity() / 4) throw IndexOutOfBoundsException()
        return List(length) { val at = start + 4 + 4 * it; at + bytes.getInt(at) }
    }

    private fun unsignedShort(place: Int) = bytes.getShort(place).toInt() and 0xffff

    /** The SHA-256 of the file with the checksum's own bytes taken as zeros. */
    private fun checkSeal(content: ByteArray, seal: IntRange) {
        require(seal.count() == 32) { "the file's checksum has a wrong length" }
        val cleared = content.copyOf()
        cleared.fill(0, seal.first, seal.last + 1)
        val found = MessageDigest.getInstance("SHA-256").digest(cleared)
        require(found.contentEquals(content.copyOfRange(seal.first, seal.last + 1))) {
            "the file is damaged: its content does not agree with its checksum"
        }
    }
}
