package despoof

import kotlin.math.abs
import kotlin.math.floor
import kotlin.math.max
import kotlin.math.min
import kotlin.math.round

/** The eyes in pixels, the subject's right eye (the one on the image's left) first. */
data class Eyes(val xRight: Double, val yRight: Double, val xLeft: Double, val yLeft: Double)

/** `crop` of the metadata, in eye distances. */
data class CropRule(val left: Double, val up: Double, val side: Double)

/**
 * The face crop of the training: a square placed by the eyes, border pixels replicated where it
 * leaves the frame, resized bilinearly without half-pixel centres, rounded to whole values.
 *
 * The order and the precision of the operations are those of despoof_keras/faces/crop.py. No
 * resize of Android (Bitmap.createScaledBitmap, OpenCV, TensorFlow Lite Support) has this grid.
 */
object FaceCrop {
    // As in faces/crop.py.
    private const val LARGEST_SQUARE = 16

    // `round` of kotlin.math rounds halves to the even number, as NumPy and Python do.

    /**
     * @param pixels ARGB as from Bitmap.getPixels, row by row.
     * @param size side of the crop in pixels, `image_size` of the metadata.
     * @return size * size * 3 bytes, RGB.
     */
    fun cut(
        pixels: IntArray, width: Int, height: Int, eyes: Eyes, rule: CropRule, size: Int,
    ): ByteArray {
        val distance = checkedDistance(eyes)
        val x = round(eyes.xRight - rule.left * distance).toInt()
        val y = round(eyes.yRight - rule.up * distance).toInt()
        val side = round(rule.side * distance).toInt()
        require(side >= 1 && side <= LARGEST_SQUARE * max(width, height)) {
            "the eyes are no eyes of a face in this frame: a square of $side pixels"
        }
        require(x < width && y < height && x + side > 0 && y + side > 0) {
            "the face lies outside the frame"
        }
        return resize(side, size) { row, column, shift ->
            val pixel = pixels[(y + row).coerceIn(0, height - 1) * width +
                (x + column).coerceIn(0, width - 1)]
            ((pixel shr shift) and 0xff).toFloat()
        }
    }

    // Along the rows. Beyond 45 degrees the upright square does not fit the face.
    private fun checkedDistance(eyes: Eyes): Double {
        val across = eyes.xLeft - eyes.xRight
        val down = eyes.yLeft - eyes.yRight
        require(across.isFinite() && across > 0 && abs(down) <= across) {
            "expected the subject's right eye (image left) first, apart from the left one, and a " +
                "line between them that leans by at most 45 degrees"
        }
        return across
    }

    private inline fun resize(side: Int, size: Int, at: (Int, Int, Int) -> Float): ByteArray {
        val scale = side.toFloat() / size.toFloat()
        val low = IntArray(size) { floor(it.toFloat() * scale).toInt() }
        val high = IntArray(size) { min(low[it] + 1, side - 1) }
        val weight = FloatArray(size) { it.toFloat() * scale - low[it].toFloat() }
        val crop = ByteArray(size * size * 3)
        var place = 0
        for (row in 0 until size) for (column in 0 until size) for (shift in intArrayOf(16, 8, 0)) {
            // First along y, then along x, in single precision.
            val left = mix(at(low[row], low[column], shift), at(high[row], low[column], shift),
                weight[row])
            val right = mix(at(low[row], high[column], shift), at(high[row], high[column], shift),
                weight[row])
            crop[place++] = round(mix(left, right, weight[column])).toInt().toByte()
        }
        return crop
    }

    private fun mix(from: Float, to: Float, weight: Float) = from + (to - from) * weight
}
