// What Emscripten's glue makes from text for each function of a module of WebAssembly: one
// that brings its arguments into the module's form, calls it, and brings back the result. Here the
// text is not run. It says only whether there are destructors, and whether there is a result.

// bound stands in for the constructor Function. code are the names of what is given, and last the
// text; the function that it returns is called with what is given.
export function bound(code) {
  const names = code.slice(0, -1);
  const text = code.at(-1);
  if (text.includes("thisWired")) throw new Error("methods of classes are not bound in webmon's build of Neuroglancer");
  const stack = text.includes("runDestructors(destructors)");
  const returns = text.includes("return ret;");
  return (...values) => {
    const given = Object.fromEntries(names.map((name, i) => [name, values[i]]));
    const types = names.filter(name => /^argType\d+$/.test(name)).map(name => given[name]);
    return (...args) => {
      if (args.length !== types.length) given.throwBindingError(`a function of ${types.length} arguments is called with ${args.length}`);
      const destructors = stack ? [] : null;
      const wired = types.map((type, i) => type.toWireType(destructors, args[i]));
      const result = given.invoker(given.fn, ...wired);
      if (stack) given.runDestructors(destructors);
      else wired.forEach((value, i) => given[`arg${i}Wired_dtor`]?.(value));
      return returns ? given.retType.fromWireType(result) : undefined;
    };
  };
}
