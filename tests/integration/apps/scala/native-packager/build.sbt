name := "hello"
scalaVersion := "2.13.15"
libraryDependencies += "org.apache.commons" % "commons-text" % "1.12.0"
enablePlugins(JavaAppPackaging)
Universal / javaOptions += s"-Dtasks=${sys.env.getOrElse("tasks", "")}"
