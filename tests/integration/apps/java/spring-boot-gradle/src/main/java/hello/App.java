package hello;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@RestController
@SpringBootApplication
public class App {
    public static void main(String[] words) {
        SpringApplication.run(App.class, words);
    }

    @GetMapping("/")
    String hello() {
        return "Spring Boot " + SpringBootVersion.getVersion();
    }
}
