import { testFaults } from './fault.ts';
import { SLOWLORIS } from './slowloris.ts';

testFaults(SLOWLORIS, 2);
