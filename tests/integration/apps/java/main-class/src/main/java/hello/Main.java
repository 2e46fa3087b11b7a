package hello;

import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.net.ssl.SSLContext;
import org.apache.commons.text.WordUtils;

public class Main {
    public static void main(String[] words) throws Exception {
        var trust = Path.of(System.getProperty("java.home"), "lib/security/cacerts");
        SSLContext.getDefault();
        var text = String.format(
            "%s on Java %s, options %s, trusts %s, target/leftover %b",
            WordUtils.capitalize("hello world"), System.getProperty("java.version"),
            System.getenv("JAVA_TOOL_OPTIONS").contains("MaxRAMPercentage"), Files.readSymbolicLink(trust),
            Files.exists(Path.of("target/leftover")));
        var server = HttpServer.create(new InetSocketAddress(Integer.getInteger("server.port")), 0);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            try (var body = exchange.getResponseBody()) {
                body.write(text.getBytes());
            }
        });
        server.start();
    }
}
