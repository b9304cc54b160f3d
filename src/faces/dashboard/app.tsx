/** The frame around the pages: navigation, the state of the connection, dialogs, the keyboard. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { age } from './format.ts';
import { NewsLine, QuestionDialog } from './parts/dialog.tsx';
import { Icon } from './parts/icons.tsx';
import { KeyboardHelp } from './parts/keyboard-help.tsx';
import { Sidebar } from './parts/sidebar.tsx';
import { SignIn } from './parts/sign-in.tsx';
import { signInNeeded } from './state/api.ts';
import { useCell } from './state/cell.ts';
import { helpOpen, listenToKeys } from './state/keys.ts';
import { connection, heardAtMs, status } from './state/live.ts';
import { place } from './state/place.ts';
import { useText } from './text/text.ts';
import { PageView } from './views/page-view.tsx';

export function App() {
  const { page, item } = useCell(place);
  const { nav } = useText();
  const isSigningIn = useCell(signInNeeded);
  const isHelping = useCell(helpOpen);
  const main = useRef<HTMLElement>(null);
  useEffect(listenToKeys, []);
  useEffect(() => {
    document.title = `${nav[page]} · LLM Router`;
  }, [page, nav]);
  useEffect(() => {
    main.current?.scrollTo(0, 0);
  }, [page, item]);
  return (
    <div class="frame">
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        {nav.skip}
      </button>
      <Sidebar />
      <main id="main" ref={main} tabIndex={-1}>
        <StaleBanner />
        {!isSigningIn && <PageView />}
      </main>
      <NewsLine />
      <QuestionDialog />
      {isSigningIn && <SignIn />}
      {isHelping && <KeyboardHelp />}
    </div>
  );
}

const STALE_MS = 5000;

/** Says when what is shown is old, and how old. */
function StaleBanner() {
  const { connection: words, units } = useText();
  const known = useCell(status);
  useCell(connection);
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const ageMs = nowMs - heardAtMs;
  if (known === undefined || ageMs < STALE_MS) return null;
  return (
    <p class="banner" role="alert">
      <Icon name="warn" />
      {words.stale(age(ageMs, units))}
    </p>
  );
}
