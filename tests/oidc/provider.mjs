// A certified OpenID provider on a loopback port that the system has chosen; it prints its issuer.
// Arguments: the resource that it issues access tokens for, and their algorithm.
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const [resource, alg] = process.argv.slice(2);
const key = (type, options, name) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), use: 'sig', alg: name, kid: name,
});
const server = createServer();
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;
const scope = 'catalog:read catalog:write orders:read audit:read';
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'robot', client_secret: 'a-secret-of-the-robot', grant_types: ['client_credentials'],
      redirect_uris: [], response_types: [], scope,
    },
    {
      client_id: 'host', token_endpoint_auth_method: 'none', grant_types: ['authorization_code'],
      redirect_uris: ['http://127.0.0.1:1/back'], application_type: 'native', scope: `openid ${scope}`,
    },
    { client_id: 'devskyy', client_secret: 'a-secret-of-devskyy', redirect_uris: [], response_types: [], grant_types: [] },
  ],
  scopes: ['openid', ...scope.split(' ')],
  jwks: { keys: [
    key('ec', { namedCurve: 'P-256' }, 'ES256'), key('rsa', { modulusLength: 2048 }, 'RS256'), key('ed25519', {}, 'EdDSA'),
  ] },
  cookies: { keys: ['signs the cookies of this test'] },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  extraTokenClaims: (_, token) => (token.accountId ? { realm_access: { roles: [token.accountId, 'other'] } } : undefined),
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo: (_, wanted) => ({
        scope, audience: wanted, accessTokenTTL: 600,
        ...(alg === 'opaque' ? { accessTokenFormat: 'opaque' } : { accessTokenFormat: 'jwt', jwt: { sign: { alg } } }),
      }),
    },
  },
});
server.on('request', provider.callback());
console.log(JSON.stringify({ issuer, resource }));
