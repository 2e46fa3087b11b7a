import os
from http.server import BaseHTTPRequestHandler, HTTPServer

import spam


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f'C says {spam.answer()}'.encode())


HTTPServer(('0.0.0.0', int(os.environ['PORT'])), Page).serve_forever()
