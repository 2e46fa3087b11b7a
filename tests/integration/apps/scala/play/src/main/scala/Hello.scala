import java.nio.file.{Files, Path}
import play.api.ApplicationLoader.Context
import play.api.mvc.Results.Ok
import play.api.routing.Router
import play.api.routing.sird._
import play.api.{ApplicationLoader, BuiltInComponentsFromContext, NoHttpFiltersComponents}

class Hello extends ApplicationLoader {
  def load(context: Context) = new Components(context).application
}

class Components(context: Context) extends BuiltInComponentsFromContext(context) with NoHttpFiltersComponents {
  val router = Router.from { case GET(p"/") => defaultActionBuilder(Ok(text)) }

  def text = {
    val running = Files.exists(Path.of("target/universal/stage/RUNNING_PID"))
    s"Play ${play.core.PlayVersion.current} in ${environment.mode}, RUNNING_PID $running"
  }
}
