name := "hello"
