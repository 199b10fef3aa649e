import{n as a,o as b,p as c}from"./chunk-7NQZAMGP.js";import"./chunk-OUPPNDJS.js";export{a as Layers,b as Under,c as createViewer};
