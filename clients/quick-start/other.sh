curl --fail-with-body --silent --show-error "$OIDC_ISSUER/.well-known/openid-configuration"
