"""The stages of the line: one module each, with one public function, values in, value out."""
