import { testFaults } from './fault.ts';
import { STALE } from './stale.ts';

testFaults(STALE);
