from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.urls import path


def page(request: HttpRequest) -> HttpResponse:
    style = (Path(__file__).parent.parent / 'staticfiles' / 'site.css').read_text()
    return HttpResponse(f'Django with {style}')


urlpatterns = [path('', page)]
