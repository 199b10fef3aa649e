import{a}from"./chunk-6O65NRHA.js";import"./chunk-ZUJD2WRZ.js";import"./chunk-MJQFDIJW.js";export{a as plot};
