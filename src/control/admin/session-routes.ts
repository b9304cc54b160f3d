/** Signing a browser in and out: POST the token once, then a cookie carries the session. */
import { z } from 'zod';
import { bearerOf, type OperatorAccess } from '../operator-access.ts';
import { jsonReply, type OperatorRoute, refusal } from '../operator-route.ts';

const signIn = z.object({ token: z.string().max(4096).optional() });

export function sessionRoutes(access: OperatorAccess): OperatorRoute[] {
  return [
    {
      method: 'GET',
      path: '/admin/session',
      summary: 'Whether a token is needed here, and whether this request has passed with one.',
      open: true,
      handle: ({ headers, localPort }) =>
        jsonReply(200, {
          token_needed: access.needsToken,
          signed_in: access.admits(headers, localPort),
        }),
    },
    {
      method: 'POST',
      path: '/admin/session',
      summary: 'Signs a browser in: the token in the body (or as bearer) for a session cookie.',
      open: true,
      body: signIn,
      handle({ body, headers, localPort }) {
        if (!access.needsToken) return jsonReply(200, { token_needed: false, signed_in: true });
        const { token = bearerOf(headers) } = body as z.infer<typeof signIn>;
        const cookie = access.signIn(token, localPort);
        if (cookie === undefined) return refusal(401, 'unauthorized', 'This is not the token.');
        return jsonReply(200, { token_needed: true, signed_in: true }, { 'Set-Cookie': cookie });
      },
    },
    {
      method: 'DELETE',
      path: '/admin/session',
      summary: 'Signs a browser out.',
      open: true,
      handle({ headers, localPort }) {
        const cookie = access.signOut(headers, localPort);
        const signedIn = !access.needsToken;
        const state = { token_needed: access.needsToken, signed_in: signedIn };
        return jsonReply(200, state, { 'Set-Cookie': cookie });
      },
    },
  ];
}
