name := "hello"
scalaVersion := "2.13.15"
enablePlugins(PlayService, PlayPekkoHttpServer)
