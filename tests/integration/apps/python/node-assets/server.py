import http.server
import os
import shutil

assert shutil.which('node') is None


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        with open('static/page.txt', 'rb') as page:
            self.wfile.write(b'served by python: ' + page.read())


http.server.HTTPServer(('', int(os.environ['PORT'])), Page).serve_forever()
