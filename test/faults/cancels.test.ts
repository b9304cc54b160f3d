import { CANCELS } from './cancels.ts';
import { testFaults } from './fault.ts';

testFaults(CANCELS);
