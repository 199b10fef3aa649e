import{i as a,j as b}from"./chunk-DTQFQQ36.js";export{a as Under,b as createViewer};
