import { testFaults } from './fault.ts';
import { FROZEN } from './frozen.ts';

testFaults(FROZEN);
