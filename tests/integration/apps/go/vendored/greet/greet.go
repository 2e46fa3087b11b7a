// Package greet is a module of its own, which the app has in its vendor directory too.
package greet

// #include <stdlib.h>
import "C"

// Words are what is answered; a part of them comes from C.
func Words() int { return int(C.abs(-42)) }
