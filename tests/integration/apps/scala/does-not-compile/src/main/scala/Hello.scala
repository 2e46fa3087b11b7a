object Hello { val words: Int = "text" }
