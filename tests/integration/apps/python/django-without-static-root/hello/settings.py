import os
from pathlib import Path

BASE_DIR = Path(__file__).parent.parent
SECRET_KEY = os.environ.get('SECRET_KEY', 'for builds only')
ALLOWED_HOSTS = ['*']
INSTALLED_APPS = ['django.contrib.staticfiles']
ROOT_URLCONF = 'hello.urls'
STATIC_URL = 'static/'
STATICFILES_DIRS = [BASE_DIR / 'style']
