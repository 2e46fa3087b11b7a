package main

import (
	"fmt"
	"net/http"
	"os"
	"runtime"

	"example.com/greet"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "C says %d on %s", greet.Words(), runtime.Version())
	})
	panic(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
