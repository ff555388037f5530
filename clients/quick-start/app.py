import os
from secrets import token_urlsafe
from time import time
from urllib.parse import urlencode, urljoin, urlsplit

import jwt
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, request, session
from markupsafe import escape

redirect_uri = os.environ['OIDC_REDIRECT_URI']
app = Flask(__name__)
app.secret_key = os.urandom(32)
# Ports of one host share their cookies, and the provider on localhost has one named `session`.
app.config.update(SESSION_COOKIE_NAME='quick-start', SESSION_COOKIE_SAMESITE='Lax')
lawang = OAuth(app).register(
    'lawang',
    client_id=os.environ['OIDC_CLIENT_ID'],
    client_secret=os.environ['OIDC_CLIENT_SECRET'],
    server_metadata_url=os.environ['OIDC_ISSUER'] + '/.well-known/openid-configuration',
    client_kwargs={'scope': 'openid profile email', 'code_challenge_method': 'S256'},
)
keys = jwt.PyJWKClient(lawang.load_server_metadata()['jwks_uri'], timeout=4)
# On the server, where Lawang can end them. A real app has both in its database.
people, notices_had = {}, set()


@app.get('/')
def home():
    person = people.get(session.get('id'))
    if not person:
        return '<a id="sign-in" href="/sign-in">Masuk dengan Lawang</a>'
    return (f'<p>Selamat datang, <b id="signed-in-name">{escape(person["name"])}</b></p>'
        '<form method="post" action="/sign-out"><button id="sign-out">Keluar</button></form>')


@app.get('/sign-in')
def sign_in():
    return lawang.authorize_redirect(redirect_uri)


@app.get(urlsplit(redirect_uri).path)
def callback():
    token = lawang.authorize_access_token()
    person = lawang.userinfo(token=token)
    if person['sub'] != token['userinfo']['sub']:
        raise OAuthError('invalid_token', 'This is not the person of this sign-in.')
    people.pop(session.get('id'), None)
    session['id'] = token_urlsafe()
    people[session['id']] = {'sub': person['sub'], 'sid': token['userinfo'].get('sid'), 'name': person['name'],
        'id_token': token['id_token']}
    return redirect('/')


@app.errorhandler(OAuthError)
def refused(error):
    return f'{error.error}: {error.description}\n', 400, {'Content-Type': 'text/plain'}


@app.post('/sign-out')
def sign_out():
    person = people.pop(session.pop('id', None), None)
    hint = {'id_token_hint': person['id_token']} if person else {}
    back = {'post_logout_redirect_uri': urljoin(redirect_uri, '/signed-out')}
    return redirect(lawang.load_server_metadata()['end_session_endpoint'] + '?' + urlencode(hint | back), 303)


@app.get('/signed-out')
def signed_out():
    return '<p id="signed-out">Anda sudah keluar.</p><a href="/">Halaman depan</a>'


# Register this address as `backchannel_logout_uri`: who is signed out (OpenID Connect Back-Channel Logout 1.0).
@app.post('/backchannel-logout')
def backchannel_logout():
    return answer_notice(hear_logout, request.form.get('logout_token', ''), 200)


# Register this address as `event_uri`: what has ended, and why (security event tokens, RFC 8417 and RFC 8935).
@app.post('/events')
def events():
    return answer_notice(hear_event, request.get_data(as_text=True), 202)


def hear_logout(token):
    logout = read_notice(token, 'logout+jwt', ['exp'])
    if 'nonce' in logout or not (logout.get('sub') or logout.get('sid')):
        raise ValueError('no logout token')
    if not isinstance(logout['events']['http://schemas.openid.net/event/backchannel-logout'], dict):
        raise ValueError('no logout event')
    if is_new(logout['jti']):
        for id, person in list(people.items()):
            if all(logout.get(name) in (None, person[name]) for name in ('sub', 'sid')):
                people.pop(id, None)


def hear_event(token):
    event = read_notice(token, 'secevent+jwt', [])
    if is_new(event['jti']):
        # Here your app does what the event asks for, such as deleting what a consent that has ended had let it read.
        app.logger.warning('event: %s %s', event.get('sub_id'), event['events'])


def answer_notice(hear, token, taken):
    try:
        hear(token)
        status = taken
    except jwt.PyJWKClientConnectionError:
        # Without the keys nothing can be said about a token: it is sent again.
        status = 503
    except (KeyError, TypeError, ValueError, jwt.PyJWTError):
        status = 400
    return '', status, {'Cache-Control': 'no-store'}


def read_notice(token, typ, required):
    said = jwt.decode_complete(token, keys.get_signing_key_from_jwt(token).key, algorithms=['ES256', 'RS256'],
        issuer=os.environ['OIDC_ISSUER'], audience=os.environ['OIDC_CLIENT_ID'], leeway=30,
        options={'require': ['iat', 'jti', 'events', *required]})
    # Each token is signed when it is sent.
    if said['header'].get('typ') != typ or said['payload']['iat'] < time() - 150:
        raise ValueError(f'no {typ} of now')
    return said['payload']


def is_new(jti):
    if jti in notices_had:
        return False
    notices_had.add(jti)
    return True


app.run(port=urlsplit(redirect_uri).port)
