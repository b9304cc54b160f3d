import { testFaults } from './fault.ts';
import { OVERLOAD } from './overload.ts';

testFaults(OVERLOAD);
