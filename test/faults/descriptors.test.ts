import { DESCRIPTORS } from './descriptors.ts';
import { testFaults } from './fault.ts';

testFaults(DESCRIPTORS);
