<?php
// Plain PHP 8.1 or later with OpenSSL; nothing to install.
[$issuer, $client, $secret, $callback] = array_map(
    getenv(...),
    ['OIDC_ISSUER', 'OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET', 'OIDC_REDIRECT_URI']
);
$home = preg_replace('~^(\w+://[^/]+).*~', '$1/', $callback);
// Ports of one host share their cookies, and the provider on localhost has some as well.
$cookie = ['name' => 'quick-start', 'cookie_httponly' => true, 'cookie_samesite' => 'Lax'];

// What is wrong with a request: it is answered with 400. What else fails says nothing about it: 503, and Lawang tries again.
class Refused extends Exception {}

$routes = [
    'GET /' => function () {
        $name = isSignedIn() ? htmlspecialchars($_SESSION['name']) : null;
        echo $name === null
            ? '<a id="sign-in" href="/sign-in">Masuk dengan Lawang</a>'
            : "<p>Selamat datang, <b id=\"signed-in-name\">$name</b></p>"
                . '<form method="post" action="/sign-out"><button id="sign-out">Keluar</button></form>';
    },

    'GET /sign-in' => function () use ($client, $callback) {
        $random = fn() => toBase64url(random_bytes(32));
        $_SESSION['attempt'] = ['state' => $random(), 'nonce' => $random(), 'verifier' => $random()];
        go(metadata('authorization_endpoint'), [
            'client_id' => $client,
            'redirect_uri' => $callback,
            'response_type' => 'code',
            'scope' => 'openid profile email',
            'state' => $_SESSION['attempt']['state'],
            'nonce' => $_SESSION['attempt']['nonce'],
            'code_challenge' => toBase64url(hash('sha256', $_SESSION['attempt']['verifier'], true)),
            'code_challenge_method' => 'S256',
        ]);
    },

    'GET ' . parse_url($callback, PHP_URL_PATH) => function () use ($issuer, $client, $secret, $callback, $home) {
        $attempt = $_SESSION['attempt'] ?? throw new Refused('This sign-in did not begin in this browser.');
        unset($_SESSION['attempt']);
        if ([$_GET['state'] ?? null, $_GET['iss'] ?? null] !== [$attempt['state'], $issuer]) {
            throw new Refused('This is not the answer to this sign-in.');
        }
        if (!is_string($_GET['code'] ?? null)) {
            throw new Refused(is_string($_GET['error'] ?? null) ? $_GET['error'] : 'There is no code.');
        }
        $form = ['grant_type' => 'authorization_code', 'code' => $_GET['code'], 'redirect_uri' => $callback];
        $basic = 'Authorization: Basic ' . base64_encode(urlencode($client) . ':' . urlencode($secret));
        $tokens = fetch(metadata('token_endpoint'), $basic, $form + ['code_verifier' => $attempt['verifier']]);
        $claims = readToken($tokens['id_token'], null, ['exp', 'sub', 'nonce']);
        $person = fetch(metadata('userinfo_endpoint'), "Authorization: Bearer {$tokens['access_token']}");
        if ($claims['nonce'] !== $attempt['nonce'] || $person['sub'] !== $claims['sub']) {
            throw new Refused('This is not the token of this sign-in.');
        }
        session_regenerate_id(true);
        $_SESSION = ['sub' => $claims['sub'], 'sid' => $claims['sid'] ?? null, 'since' => microtime(true)];
        $_SESSION += ['name' => $person['name'], 'id_token' => $tokens['id_token']];
        go($home);
    },

    'POST /sign-out' => function () use ($home) {
        $hint = isset($_SESSION['id_token']) ? ['id_token_hint' => $_SESSION['id_token']] : [];
        $_SESSION = [];
        session_regenerate_id(true);
        go(metadata('end_session_endpoint'), $hint + ['post_logout_redirect_uri' => "{$home}signed-out"]);
    },

    'GET /signed-out' => function () {
        echo '<p id="signed-out">Anda sudah keluar.</p><a href="/">Halaman depan</a>';
    },

    // Register this address as `backchannel_logout_uri`: who is signed out (OpenID Connect Back-Channel Logout 1.0).
    'POST /backchannel-logout' => function () {
        $token = is_string($_POST['logout_token'] ?? null) ? $_POST['logout_token'] : '';
        $claims = readToken($token, 'logout+jwt', ['exp', 'jti', 'events']);
        $event = $claims['events']['http://schemas.openid.net/event/backchannel-logout'] ?? null;
        $who = $claims['sid'] ?? $claims['sub'] ?? null;
        if (!is_array($event) || isset($claims['nonce']) || !is_string($who)) {
            throw new Refused('This is not a logout token.');
        }
        if (isNew($claims['jti'])) {
            file_put_contents(fileFor($who), microtime(true));
        }
    },

    // Register this address as `event_uri`: what has ended, and why (security event tokens, RFC 8417 and RFC 8935).
    'POST /events' => function () {
        $claims = readToken(file_get_contents('php://input'), 'secevent+jwt', ['jti', 'events']);
        if (isNew($claims['jti'])) {
            // Here your app does what the event asks for, such as deleting what a consent that has ended had let it read.
            error_log('event: ' . json_encode([$claims['sub_id'] ?? null, $claims['events']], JSON_UNESCAPED_SLASHES));
        }
        http_response_code(202);
    },
];

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (!in_array($path, ['/backchannel-logout', '/events'], true)) {
    session_start($cookie + ['cookie_secure' => str_starts_with($home, 'https:')]);
}
header('Cache-Control: no-store');
try {
    ($routes["{$_SERVER['REQUEST_METHOD']} $path"] ?? fn() => http_response_code(404))();
} catch (Throwable $error) {
    http_response_code($error instanceof Refused ? 400 : 503);
    header('Content-Type: text/plain');
    echo $error instanceof Refused ? $error->getMessage() : 'Lawang cannot be asked at the moment.', "\n";
    error_log($error->getMessage());
}

/** The claims of a token that Lawang signed for this app. @throws Refused for every other */
function readToken(string $token, ?string $type, array $required): array
{
    global $issuer, $client;
    [$head, $body, $signature] = explode('.', $token) + ['', '', ''];
    [$header, $claims] = array_map(fn($part) => json_decode(fromBase64url($part), true), [$head, $body]);
    if (!is_array($header) || !is_array($claims) || ($type !== null && ($header['typ'] ?? '') !== $type)) {
        throw new Refused("This is not a token of the type $type.");
    }
    $isTheOne = fn($key) => [$key['kid'], $key['alg']] === [$header['kid'] ?? '', $header['alg'] ?? ''];
    $key = current(array_filter(fetch(metadata('jwks_uri'))['keys'], $isTheOne));
    if (!$key || !isSignedBy($key, "$head.$body", fromBase64url($signature))) {
        throw new Refused('Lawang did not sign this token.');
    }
    // Each token is signed when it is sent.
    $isInTime = abs(time() - ($claims['iat'] ?? 0)) <= 150 && ($claims['exp'] ?? INF) >= time() - 30;
    if (($claims['iss'] ?? '') !== $issuer || !in_array($client, (array) ($claims['aud'] ?? []), true) || !$isInTime) {
        throw new Refused('This token is over, or not for this app.');
    }
    foreach ($required as $name) {
        isset($claims[$name]) || throw new Refused("This token has no $name.");
    }
    return $claims;
}

/** By ES256 or RS256. Lawang publishes a key as its numbers (JWK); OpenSSL reads the same numbers in DER. */
function isSignedBy(array $key, string $text, string $signature): bool
{
    $wrap = function (int $tag, string ...$parts): string {
        $all = implode($parts);
        return chr($tag) . (strlen($all) < 128 ? chr(strlen($all)) : "\x82" . pack('n', strlen($all))) . $all;
    };
    $number = function (string $bytes) use ($wrap): string {
        $bytes = ltrim($bytes, "\0");
        return $wrap(0x02, (ord($bytes[0] ?? "\x80") > 127 ? "\0" : '') . $bytes);
    };
    $of = fn(string $name) => fromBase64url($key[$name]);
    if ($key['kty'] === 'EC') {
        [$kind, $bits] = ['06072a8648ce3d020106082a8648ce3d030107', "\x04" . $of('x') . $of('y')];
        $signature = $wrap(0x30, ...array_map($number, str_split($signature, 32)));
    } else {
        [$kind, $bits] = ['06092a864886f70d0101010500', $wrap(0x30, $number($of('n')), $number($of('e')))];
    }
    $pem = chunk_split(base64_encode($wrap(0x30, $wrap(0x30, hex2bin($kind)), $wrap(0x03, "\0", $bits))), 64, "\n");
    $pem = "-----BEGIN PUBLIC KEY-----\n$pem-----END PUBLIC KEY-----\n";
    return openssl_verify($text, $signature, $pem, OPENSSL_ALGO_SHA256) === 1;
}

/** What Lawang says of itself. A real app keeps it, and the keys, for some minutes. */
function metadata(string $name): string
{
    static $document;
    $document ??= fetch(getenv('OIDC_ISSUER') . '/.well-known/openid-configuration');
    return $document[$name];
}

/** @throws Refused with the error that Lawang names, such as `invalid_client` */
function fetch(string $url, string $header = 'Accept: application/json', ?array $form = null): array
{
    $request = ['header' => $header, 'timeout' => 4, 'ignore_errors' => true, 'follow_location' => 0];
    if ($form !== null) {
        $request = ['method' => 'POST', 'content' => http_build_query($form)] + $request;
        $request['header'] .= "\r\nContent-Type: application/x-www-form-urlencoded";
    }
    $stream = @fopen($url, 'r', false, stream_context_create(['http' => $request]))
        ?: throw new Exception("no answer from $url");
    $status = stream_get_meta_data($stream)['wrapper_data'][0];
    $answer = json_decode(stream_get_contents($stream), true);
    if (isset($answer['error']) && preg_match('~ 4\d\d ~', $status)) {
        throw new Refused($answer['error'] . ': ' . ($answer['error_description'] ?? ''));
    }
    $isGood = is_array($answer) && str_contains($status, ' 200 ');
    return $isGood ? $answer : throw new Exception("no good answer from $url: $status");
}

/** Whether this browser is signed in, and nothing that Lawang told since has ended it. */
function isSignedIn(): bool
{
    foreach ([$_SESSION['sid'] ?? null, $_SESSION['sub'] ?? null] as $id) {
        if ($id !== null && (float) @file_get_contents(fileFor($id)) > $_SESSION['since']) {
            $_SESSION = [];
        }
    }
    return isset($_SESSION['sub']);
}

/** Whether a notice has not been had before. */
function isNew(string $jti): bool
{
    $file = fileFor($jti);
    if (@fopen($file, 'x') !== false) {
        return true;
    }
    return file_exists($file) ? false : throw new Exception("$file cannot be written");
}

/** What Lawang told, by the names of notices, sessions and people: here in small files. A real app has a table. */
function fileFor(string $name): string
{
    return sys_get_temp_dir() . '/quick-start-' . hash('sha256', getenv('OIDC_CLIENT_ID') . " $name");
}

function go(string $url, array $parameters = []): void
{
    header('Location: ' . $url . ($parameters ? '?' . http_build_query($parameters) : ''), true, 303);
}

function toBase64url(string $bytes): string
{
    return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
}

function fromBase64url(string $text): string
{
    return base64_decode(strtr($text, '-_', '+/'));
}
