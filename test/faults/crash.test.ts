import { CRASH } from './crash.ts';
import { testFaults } from './fault.ts';

testFaults(CRASH);
