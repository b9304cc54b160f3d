/** Signing a browser in and out: POST the token once, then a cookie carries the session. */
import { z } from 'zod';
import { bearerOf, type OperatorAccess } from '../operator-access.ts';
import { jsonReply, type OperatorRoute, refusal, tooManyWrongTokens } from '../operator-route.ts';

const signIn = z.object({ token: z.string().max(4096).optional() });

export function sessionRoutes(access: OperatorAccess): OperatorRoute[] {
  return [
    {
      method: 'GET',
      path: '/admin/session',
      summary: 'Whether a token is needed here, and whether this request has passed with one.',
      open: true,
      handle: (request) =>
        jsonReply(200, { token_needed: access.needsToken, signed_in: access.admits(request) }),
    },
    {
      method: 'POST',
      path: '/admin/session',
      summary: 'Signs a browser in: the token in the body (or as bearer) for a session cookie.',
      open: true,
      body: signIn,
      handle(request) {
        if (!access.needsToken) return jsonReply(200, { token_needed: false, signed_in: true });
        const { token = bearerOf(request.headers) } = request.body as z.infer<typeof signIn>;
        const cookie = access.signIn(token, request);
        if (cookie === undefined) {
          const waitMs = access.waitMs(request);
          if (waitMs > 0) return tooManyWrongTokens(waitMs);
          return refusal(401, 'unauthorized', 'This is not the token.');
        }
        return jsonReply(200, { token_needed: true, signed_in: true }, { 'Set-Cookie': cookie });
      },
    },
    {
      method: 'DELETE',
      path: '/admin/session',
      summary: 'Signs a browser out.',
      open: true,
      handle(request) {
        const cookie = access.signOut(request);
        const signedIn = !access.needsToken;
        const state = { token_needed: access.needsToken, signed_in: signedIn };
        return jsonReply(200, state, { 'Set-Cookie': cookie });
      },
    },
  ];
}
