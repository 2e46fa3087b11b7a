"""The stages of a deploy: one module each, with one public function, values in, value out, and the ports it needs."""
