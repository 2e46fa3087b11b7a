class Hello { int words() { return "text"; } }
