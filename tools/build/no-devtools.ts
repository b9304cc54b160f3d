/** Stands in for ink's optional developer tools, which are not part of the product. */
export default {};
