/** The page's entry: preferences, the live state, then everything is drawn from those. */
import { render } from 'preact';
import { App } from './app.tsx';
import { startLive } from './state/live.ts';
import { followAddress } from './state/place.ts';
import { applyPrefs } from './state/prefs.ts';
import { preloadTrail } from './state/trail.ts';

applyPrefs();
followAddress();
startLive();
void preloadTrail();
render(<App />, document.getElementById('app')!);
