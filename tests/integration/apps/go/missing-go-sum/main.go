package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"

	"github.com/google/uuid"
)

var linked = "none"

func main() {
	_, err := exec.LookPath("go")
	version := uuid.MustParse("f47ac10b-58cc-4372-a567-0e02b2c3d479").Version()
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "%s on %s, linked %s, go missing: %t", version, runtime.Version(), linked, err != nil)
	})
	panic(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
