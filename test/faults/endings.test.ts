import { ENDINGS } from './endings.ts';
import { testFaults } from './fault.ts';

testFaults(ENDINGS);
