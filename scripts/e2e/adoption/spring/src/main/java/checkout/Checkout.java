package checkout;

import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Spring Boot with the actuator and Micrometer's Prometheus registry, with default settings. */
@SpringBootApplication
@RestController
public class Checkout {
  private final AtomicLong requests = new AtomicLong();

  public static void main(String[] args) {
    SpringApplication.run(Checkout.class, args);
  }

  @GetMapping("/checkout")
  ResponseEntity<Map<String, Boolean>> checkout() throws InterruptedException {
    long number = requests.incrementAndGet();
    if (isOneIn("ERRORS", number)) return ResponseEntity.status(500).body(Map.of("accepted", false));
    if (isOneIn("SLOW", number)) Thread.sleep(700);
    return ResponseEntity.ok(Map.of("accepted", true));
  }

  private static boolean isOneIn(String variable, long number) {
    double share = Double.parseDouble(System.getenv().getOrDefault(variable, "0"));
    return share > 0 && number % Math.round(1 / share) == 0;
  }
}
