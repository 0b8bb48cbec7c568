package despoof

import java.io.Closeable
import java.nio.ByteBuffer
import java.nio.ByteOrder
import org.json.JSONObject
import org.tensorflow.lite.Interpreter

/** A decision: an attack where the spoof score is at least the threshold. */
data class Prediction(val spoofScore: Float, val isAttack: Boolean, val threshold: Double)

/**
 * Spoof scores of face crops by a .tflite file that export/to_tflite.py wrote; higher means attack.
 *
 * Threads may share an instance; they take turns.
 *
 * @param content bytes of the file, for example `context.assets.open(name).readBytes()`.
 * @param threshold to use in place of the file's own.
 */
class LivenessDetector(
    content: ByteArray, threads: Int = 2, threshold: Double? = null,
) : Closeable {
    val metadata = JSONObject(TfliteMetadata(content).json)
    val imageSize = metadata.getInt("image_size")
    val threshold: Double? =
        threshold ?: if (metadata.isNull("threshold")) null else metadata.getDouble("threshold")

    private val rule = metadata.getJSONObject("crop").let {
        CropRule(it.getDouble("left"), it.getDouble("up"), it.getDouble("side"))
    }
    private val interpreter: Interpreter

    init {
        require(metadata.getString("colour") == "RGB") { "expected a model of RGB crops" }
        require(metadata.getString("resize") == "tf1_bilinear") { "another resize than ours" }
        val model = ByteBuffer.allocateDirect(content.size).order(ByteOrder.nativeOrder())
        model.put(content).rewind()
        interpreter = Interpreter(model, Interpreter.Options().setNumThreads(threads))
    }

    /**
     * @param pixels ARGB as from Bitmap.getPixels, of an upright frame.
     * @return RGB crop for [score].
     */
    fun crop(pixels: IntArray, width: Int, height: Int, eyes: Eyes): ByteArray =
        FaceCrop.cut(pixels, width, height, eyes, rule, imageSize)

    /** @param crop imageSize * imageSize * 3 bytes, RGB. */
    @Synchronized
    fun score(crop: ByteArray): Float {
        require(crop.size == imageSize * imageSize * 3) { "expected $imageSize x $imageSize RGB" }
        val image = ByteBuffer.allocateDirect(crop.size).order(ByteOrder.nativeOrder())
        image.put(crop).rewind()
        val score = FloatArray(1)
        interpreter.runSignature(mapOf("image" to image), mapOf("score" to score), "score")
        check(score[0].isFinite()) { "the model gives no finite score" }
        return score[0]
    }

    fun predict(crop: ByteArray): Prediction {
        val limit = checkNotNull(threshold) { "the model has no threshold, give one" }
        val score = score(crop)
        return Prediction(score, score >= limit, limit)
    }

    override fun close() = interpreter.close()
}
