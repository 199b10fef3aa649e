import{n as a,o as b,p as c}from"./chunk-A6CLGLXQ.js";import"./chunk-UW7DXXUH.js";export{a as Layers,b as Under,c as createViewer};
