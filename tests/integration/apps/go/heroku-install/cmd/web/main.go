package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
)

func main() {
	said, err := exec.Command("worker").Output()
	generated, _ := os.ReadFile("generated")
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "web, and %s (%v), %s", said, err, generated)
	})
	panic(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
