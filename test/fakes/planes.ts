/** Fake planes for the tests of a file: what a test started is closed when it ends. */
import { afterEach } from 'node:test';
import { FakePlane, type FakePlaneParts } from './plane.ts';

/** Call it once, at the top of the file. */
export function planeStarter(): (parts?: FakePlaneParts) => FakePlane {
  const planes: FakePlane[] = [];
  afterEach(() => {
    for (const plane of planes.splice(0)) plane.close();
  });
  return (parts) => {
    const plane = new FakePlane(parts);
    planes.push(plane);
    return plane;
  };
}
