/** Asks for the token; the router answers with a cookie, so it is kept nowhere in the page. */
import { useState } from 'preact/hooks';
import { ask, signInNeeded } from '../state/api.ts';
import { useText } from '../text/text.ts';
import { Mark } from './icons.tsx';

export function SignIn() {
  const { signIn } = useText();
  const [problem, setProblem] = useState('');
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const token = new FormData(form).get('token');
    try {
      await ask('/admin/session', 'POST', { token });
      signInNeeded.set(false);
    } catch (error) {
      setProblem((error as { status?: number }).status === 401 ? signIn.wrong : String(error));
    }
  };
  return (
    <form class="sign-in card" onSubmit={submit}>
      <Mark />
      <h1>{signIn.title}</h1>
      <p>{signIn.hint}</p>
      <label class="field">
        {signIn.token}
        <input name="token" type="password" required autofocus autocomplete="current-password" />
      </label>
      {problem !== '' && (
        <p class="bad" role="alert">
          {problem}
        </p>
      )}
      <button type="submit" class="primary">
        {signIn.go}
      </button>
    </form>
  );
}
