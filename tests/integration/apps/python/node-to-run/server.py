import http.server
import os
import subprocess


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'served by python: ' + subprocess.check_output(['node', 'render.js']))


http.server.HTTPServer(('', int(os.environ['PORT'])), Page).serve_forever()
