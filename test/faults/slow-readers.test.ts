import { testFaults } from './fault.ts';
import { SLOW_READERS } from './slow-readers.ts';

testFaults(SLOW_READERS);
