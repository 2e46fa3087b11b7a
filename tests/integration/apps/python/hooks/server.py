import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(Path('order.txt').read_bytes().replace(b'\n', b'; '))


HTTPServer(('0.0.0.0', int(os.environ['PORT'])), Answer).serve_forever()
