curl --fail-with-body --silent --show-error --user "$OIDC_CLIENT_ID:$OIDC_CLIENT_SECRET" \
  --data grant_type=client_credentials "$OIDC_ISSUER/token"
