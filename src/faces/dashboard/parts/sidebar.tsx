/** The ways to the pages, and below them: is it live, language, theme, help. */

import { ask, signInNeeded } from '../state/api.ts';
import { useAsked } from '../state/asked.ts';
import { useCell } from '../state/cell.ts';
import { helpOpen } from '../state/keys.ts';
import { connection, status } from '../state/live.ts';
import { hashOf, PAGES, place } from '../state/place.ts';
import { language, nextTheme, otherLanguage, theme } from '../state/prefs.ts';
import { useText } from '../text/text.ts';
import { Icon, Mark } from './icons.tsx';
import { atLeast } from './problem-list.tsx';

const THEME_ICONS = { auto: 'auto', light: 'sun', dark: 'moon' } as const;

export function Sidebar() {
  const { page } = useCell(place);
  const { nav } = useText();
  const wrong = useCell(status)?.problems.filter(({ severity }) => severity !== 'info').length ?? 0;
  return (
    <header class="sidebar">
      <a class="brand" href={hashOf('overview')}>
        <Mark />
        <span>LLM Router</span>
      </a>
      <nav aria-label={nav.main}>
        {PAGES.map((one, index) => (
          <a
            key={one}
            href={hashOf(one)}
            class={one === page ? 'on' : ''}
            aria-current={one === page ? 'page' : undefined}
            title={`${nav[one]} (${index + 1})`}
          >
            <Icon name={one} />
            <span class="name">{nav[one]}</span>
            {one === 'overview' && wrong > 0 && <span class="count">{atLeast(wrong, wrong)}</span>}
          </a>
        ))}
      </nav>
      <Footer />
    </header>
  );
}

function Footer() {
  const { prefs } = useText();
  const chosen = useCell(theme);
  const current = useCell(language);
  return (
    <div class="prefs">
      <ConnectionState />
      <div class="buttons">
        <button
          type="button"
          class="quiet"
          onClick={otherLanguage}
          lang={current === 'en' ? 'zh-CN' : 'en'}
          aria-label={`${prefs.language}: ${current === 'en' ? '简体中文' : 'English'}`}
          title={prefs.language}
        >
          {current === 'en' ? '中' : 'EN'}
        </button>
        <button
          type="button"
          class="quiet"
          onClick={nextTheme}
          aria-label={`${prefs.theme}: ${prefs[chosen]}`}
          title={`${prefs.theme}: ${prefs[chosen]}`}
        >
          <Icon name={THEME_ICONS[chosen]} />
        </button>
        <button
          type="button"
          class="quiet"
          onClick={() => helpOpen.set(true)}
          aria-label={prefs.help}
          title={`${prefs.help} (?)`}
        >
          <Icon name="help" />
        </button>
        <SignOut />
      </div>
    </div>
  );
}

/** Only where there is something to sign out of. */
function SignOut() {
  const { prefs } = useText();
  const session = useAsked<{ readonly token_needed: boolean }>('/admin/session', 0).value;
  const isSigningIn = useCell(signInNeeded);
  if (session?.token_needed !== true || isSigningIn) return null;
  const leave = async () => {
    await ask('/admin/session', 'DELETE').catch(() => undefined);
    signInNeeded.set(true);
  };
  return (
    <button
      type="button"
      class="quiet"
      onClick={() => void leave()}
      aria-label={prefs.signOut}
      title={prefs.signOut}
    >
      <Icon name="leave" />
    </button>
  );
}

function ConnectionState() {
  const how = useCell(connection);
  const text = useText().connection;
  return (
    <span class={`connection ${how}`} role="status">
      <span class="dot" aria-hidden="true" />
      {text[how]}
    </span>
  );
}
