package hello;

import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.net.InetSocketAddress;
import java.util.Arrays;

public class Main {
    public static void main(String[] words) throws Exception {
        var built = new File("build").list();
        Arrays.sort(built);
        var text = String.format("Hello of %s, beside it: %s", System.getProperty("java.class.path"), String.join(", ", built)).getBytes();
        var server = HttpServer.create(new InetSocketAddress(Integer.getInteger("server.port")), 0);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, text.length);
            exchange.getResponseBody().write(text);
            exchange.close();
        });
        server.start();
    }
}
