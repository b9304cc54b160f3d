/**
 * What the process says when it ends; scripts and service managers rely on these numbers.
 */
export const EXIT_OK = 0;
/** Something failed at run time: a port in use, a worker that cannot start. */
export const EXIT_FAILURE = 1;
/** The command line was not understood. */
export const EXIT_USAGE = 2;
/** The configuration was read and refused. */
export const EXIT_CONFIG = 3;
/** A measurement missed one of its objectives. */
export const EXIT_SLO = 4;
