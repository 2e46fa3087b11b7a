import com.sun.net.httpserver.{HttpExchange, HttpServer}
import java.net.InetSocketAddress
import java.nio.file.{Files, Path}
import org.apache.commons.text.WordUtils

object Hello extends App {
  val kept = Seq("target/streams", "target/scala-2.13", "project/target").filter(name => Files.exists(Path.of(name)))
  val text = s"${WordUtils.capitalize("hello world")} from Scala ${util.Properties.versionNumberString}, kept: ${kept.size}, tasks: ${sys.props("tasks")}"
  val server = HttpServer.create(new InetSocketAddress(Integer.getInteger("http.port")), 0)
  server.createContext(
    "/",
    (exchange: HttpExchange) => {
      exchange.sendResponseHeaders(200, 0)
      exchange.getResponseBody.write(text.getBytes)
      exchange.close()
    }
  )
  server.start()
}
