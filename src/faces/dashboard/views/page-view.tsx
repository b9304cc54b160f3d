/** The page that the address names. */
import { useCell } from '../state/cell.ts';
import { status } from '../state/live.ts';
import { place } from '../state/place.ts';
import { useText } from '../text/text.ts';
import { Charts } from './charts.tsx';
import { ConfigPage } from './config-page.tsx';
import { EndpointPage } from './endpoint-page.tsx';
import { Endpoints } from './endpoints.tsx';
import { LogPage } from './log-page.tsx';
import { Overview } from './overview.tsx';
import { RequestPage } from './request-page.tsx';
import { Requests } from './requests.tsx';

export function PageView() {
  const { page, item } = useCell(place);
  const known = useCell(status);
  const { connection, nav } = useText();
  if (known === undefined) {
    return <p class="empty">{connection.connectingLong}</p>;
  }
  if (page === 'endpoints' && item !== '') return <EndpointPage status={known} id={item} />;
  if (page === 'requests' && item !== '') return <RequestPage key={item} id={item} />;
  return (
    <>
      <h1>{nav[page]}</h1>
      {page === 'overview' && <Overview status={known} />}
      {page === 'endpoints' && <Endpoints status={known} />}
      {page === 'charts' && <Charts status={known} />}
      {page === 'requests' && <Requests />}
      {page === 'log' && <LogPage />}
      {page === 'config' && <ConfigPage status={known} />}
    </>
  );
}
